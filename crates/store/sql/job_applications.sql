-- The applications that are listed for a job.
-- params: @P1 bigint
SELECT a.[app_id] FROM [xmlx].[job_application] AS a WHERE a.[job_id] = @P1 ORDER BY a.[app_id];
