-- The contracts by which earlier jobs may have written applications of a scope, each once.
-- params: @P1 bigint, @P2 bigint, @P3 bigint
SELECT j.[job_id], j.[contract]
FROM [xmlx].[job] AS j
WHERE j.[job_id] = (
    SELECT MIN(k.[job_id]) FROM [xmlx].[job] AS k
    WHERE k.[contract_hash] = j.[contract_hash] AND k.[job_id] < @P1 AND k.[scope_lo] < @P3 AND k.[scope_hi] > @P2
        AND k.[mode] IN ('once', 'once-part', 'follow', 'retry', 'retry-part', 'replace', 'replace-part', 'replace-all', 'replace-all-part'))
ORDER BY j.[job_id];
