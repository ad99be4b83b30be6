-- What the jobs from @P1 to @P2 take that do not take all of their scopes.
-- params: @P1 bigint, @P2 bigint
SELECT s.[job_id], s.[millionths], s.[applications] FROM [xmlx].[job_selection] AS s WHERE s.[job_id] >= @P1 AND s.[job_id] <= @P2;
