-- Jobs with what their ranges add up to, the newest first: at most @P1, those below the id @P2. @P3: this job alone, or 0.
-- @P4: only what a new job with this key has to know of, or an empty text.
-- params: @P1 bigint, @P2 bigint, @P3 bigint, @P4 varchar(64)
SELECT TOP (@P1) j.[job_id], CAST(j.[submit_key] AS nvarchar(64)) AS [submit_key], j.[name], CAST(j.[contract_hash] AS nvarchar(64)) AS [contract_hash], CAST(j.[mode] AS nvarchar(20)) AS [mode], j.[priority], j.[scope_lo], j.[scope_hi], CAST(j.[state] AS nvarchar(20)) AS [state], j.[reason], j.[total], j.[log_watermark], j.[log_end],
    COALESCE((SELECT SUM(r.[done_ok]) FROM [xmlx].[range] AS r WHERE r.[job_id] = j.[job_id]), 0) AS [done_ok],
    COALESCE((SELECT SUM(r.[done_failed]) FROM [xmlx].[range] AS r WHERE r.[job_id] = j.[job_id]), 0) AS [done_failed],
    COALESCE((SELECT SUM(r.[rows_written]) FROM [xmlx].[range] AS r WHERE r.[job_id] = j.[job_id]), 0) AS [rows_written],
    (SELECT COUNT_BIG(*) FROM [xmlx].[range] AS r WHERE r.[job_id] = j.[job_id] AND r.[state] = 'pending') AS [pending],
    (SELECT COUNT_BIG(*) FROM [xmlx].[range] AS r WHERE r.[job_id] = j.[job_id] AND r.[state] = 'leased') AS [leased],
    (SELECT COUNT_BIG(*) FROM [xmlx].[range] AS r WHERE r.[job_id] = j.[job_id] AND r.[state] = 'done') AS [done],
    (SELECT COUNT_BIG(*) FROM [xmlx].[range_history] AS h WHERE h.[job_id] = j.[job_id] AND h.[event] IN ('revoked', 'lost', 'stalled')) AS [revoked],
    CONVERT(nvarchar(30), j.[created_at], 126) AS [created_at],
    CONVERT(nvarchar(30), j.[finished_at], 126) AS [finished_at]
FROM [xmlx].[job] AS j
WHERE j.[job_id] < @P2 AND (@P3 = 0 OR j.[job_id] = @P3)
    AND (@P4 = '' OR j.[submit_key] = CAST(@P4 AS varchar(64)) OR j.[state] IN ('running', 'paused') OR j.[log_end] IS NULL)
ORDER BY j.[job_id] DESC;
