-- params: @P1 bigint
SELECT [range_id], [lo], [hi], CAST([state] AS nvarchar(10)) AS [state], [epoch], CAST([owner_session] AS nvarchar(36)) AS [owner_session], [committed_through], [done_ok], [done_failed], [rows_written]
FROM [xmlx].[range] WHERE [job_id] = @P1 ORDER BY [lo], [hi];
