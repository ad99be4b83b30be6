-- The highest range id that the job has ever used.
-- params: @P1 bigint
SELECT COALESCE(MAX([range_id]), 0) AS [n] FROM [xmlx].[range] WHERE [job_id] = @P1;
