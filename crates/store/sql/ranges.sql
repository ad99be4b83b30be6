-- A page of the ranges of a job: ids above @P2, at most @P3.
-- params: @P1 bigint, @P2 bigint, @P3 bigint
SELECT TOP (@P3) [range_id], [lo], [hi], CAST([state] AS nvarchar(10)) AS [state], [epoch], CAST([owner_session] AS nvarchar(36)) AS [owner_session], [committed_through], [done_ok], [done_failed], [rows_written]
FROM [xmlx].[range] WHERE [job_id] = @P1 AND [range_id] > @P2 ORDER BY [range_id];
