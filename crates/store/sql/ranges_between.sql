-- The ranges of a job that reach into [@P2, @P3), by place, at most @P4. They tile the scope: the first of them has the
-- last beginning that is not above @P2.
-- params: @P1 bigint, @P2 bigint, @P3 bigint, @P4 bigint
SELECT TOP (@P4) [range_id], [lo], [hi], CAST([state] AS nvarchar(10)) AS [state], [epoch], CAST([owner_session] AS nvarchar(36)) AS [owner_session], [committed_through], [done_ok], [done_failed], [rows_written]
FROM [xmlx].[range]
WHERE [job_id] = @P1 AND [lo] < @P3 AND [hi] > [lo]
    AND [lo] >= COALESCE((SELECT MAX(q.[lo]) FROM [xmlx].[range] AS q WHERE q.[job_id] = @P1 AND q.[lo] <= @P2), @P2)
ORDER BY [lo];
