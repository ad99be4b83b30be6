-- What a leader has to know of the jobs that have not ended, or of which somebody still holds a range: of job @P1 alone, or of all where that is 0.
-- params: @P1 bigint
SELECT j.[job_id], CAST(j.[mode] AS nvarchar(20)) AS [mode], j.[priority], j.[scope_lo], j.[scope_hi], CAST(j.[state] AS nvarchar(20)) AS [state], j.[total],
    COALESCE((SELECT SUM(r.[done_ok]) FROM [xmlx].[range] AS r WHERE r.[job_id] = j.[job_id]), 0) AS [done_ok],
    COALESCE((SELECT SUM(r.[done_failed]) FROM [xmlx].[range] AS r WHERE r.[job_id] = j.[job_id]), 0) AS [done_failed]
FROM [xmlx].[job] AS j
WHERE (@P1 = 0 OR j.[job_id] = @P1)
    AND (j.[state] IN ('running', 'paused') OR EXISTS (SELECT 1 FROM [xmlx].[range] AS h WHERE h.[job_id] = j.[job_id] AND h.[state] = 'leased'))
ORDER BY j.[job_id];
