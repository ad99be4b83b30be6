-- The same jobs as `jobs`, without what is added up of their ranges and history: no commit holds a row that is read here.
-- params: @P1 bigint, @P2 bigint, @P3 bigint, @P4 varchar(64)
SELECT TOP (@P1) j.[job_id], CAST(j.[submit_key] AS nvarchar(64)) AS [submit_key], j.[name], CAST(j.[contract_hash] AS nvarchar(64)) AS [contract_hash], CAST(j.[mode] AS nvarchar(20)) AS [mode], j.[priority], j.[scope_lo], j.[scope_hi], CAST(j.[state] AS nvarchar(20)) AS [state], j.[reason], j.[total], j.[log_watermark], j.[log_end],
    CAST(0 AS bigint) AS [done_ok], CAST(0 AS bigint) AS [done_failed], CAST(0 AS bigint) AS [rows_written],
    CAST(0 AS bigint) AS [pending], CAST(0 AS bigint) AS [leased], CAST(0 AS bigint) AS [done], CAST(0 AS bigint) AS [revoked],
    CONVERT(nvarchar(30), j.[created_at], 126) AS [created_at],
    CONVERT(nvarchar(30), j.[finished_at], 126) AS [finished_at]
FROM [xmlx].[job] AS j
WHERE j.[job_id] < @P2 AND (@P3 = 0 OR j.[job_id] = @P3)
    AND (@P4 = '' OR j.[submit_key] = CAST(@P4 AS varchar(64)) OR j.[state] IN ('running', 'paused') OR j.[log_end] IS NULL)
ORDER BY j.[job_id] DESC;
