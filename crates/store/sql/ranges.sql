-- params: @P1 bigint
SELECT [range_id], [lo], [hi], [state], [epoch], [owner_session], [committed_through], [done_ok], [done_failed], [rows_written]
FROM [xmlx].[range] WHERE [job_id] = @P1 ORDER BY [lo], [hi];
