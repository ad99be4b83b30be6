-- What may go: jobs that ended longer than @P1 seconds ago. Not the newest (its id would be given out again, and workers
-- keep contracts by it), none whose log's end is not noted or of which somebody still holds a range; no `retry` or
-- `replace` that ran beside a job that stays, whose decisions are told from it by its row, and none whose contract a
-- `replace` that has not ended may have to know.
-- params: @P1 int, @P2 bigint
SELECT TOP (@P2) j.[job_id],
    (SELECT COUNT_BIG(*) FROM [xmlx].[range] AS r WHERE r.[job_id] = j.[job_id]) AS [ranges],
    (SELECT COUNT_BIG(*) FROM [xmlx].[range_history] AS h WHERE h.[job_id] = j.[job_id]) AS [entries]
FROM [xmlx].[job] AS j
WHERE j.[finished_at] < DATEADD(second, 0 - @P1, SYSUTCDATETIME()) AND j.[log_end] IS NOT NULL
    AND j.[job_id] < (SELECT MAX(n.[job_id]) FROM [xmlx].[job] AS n)
    AND NOT EXISTS (SELECT 1 FROM [xmlx].[range] AS o WHERE o.[job_id] = j.[job_id] AND o.[state] = 'leased')
    AND NOT (j.[mode] IN ('retry', 'retry-part', 'replace', 'replace-part', 'replace-all', 'replace-all-part') AND EXISTS (
        SELECT 1 FROM [xmlx].[job] AS k WHERE k.[mode] NOT IN ('retry', 'retry-part', 'replace', 'replace-part', 'replace-all', 'replace-all-part') AND k.[created_at] <= j.[finished_at]
            AND COALESCE(k.[finished_at], SYSUTCDATETIME()) >= DATEADD(second, 0 - @P1, SYSUTCDATETIME())))
    AND NOT EXISTS (
        SELECT 1 FROM [xmlx].[job] AS p WHERE p.[mode] IN ('replace', 'replace-part', 'replace-all', 'replace-all-part') AND p.[state] IN ('running', 'paused')
            AND p.[scope_lo] < j.[scope_hi] AND p.[scope_hi] > j.[scope_lo])
ORDER BY j.[job_id];
