-- A job's history from one entry on.
-- params: @P1 bigint, @P2 bigint, @P3 bigint
SELECT TOP (@P3) [history_id], [range_id], CAST([event] AS nvarchar(20)) AS [event], [lo], [hi], [epoch], [term], CAST([session_id] AS nvarchar(36)) AS [session_id], [committed_through]
FROM [xmlx].[range_history] WHERE [job_id] = @P1 AND [history_id] > @P2 ORDER BY [history_id];
