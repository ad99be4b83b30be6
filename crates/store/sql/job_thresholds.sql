-- The thresholds of a job.
-- params: @P1 bigint
SELECT t.[n], t.[threshold], t.[rows_before], t.[found_before] FROM [xmlx].[job_threshold] AS t WHERE t.[job_id] = @P1 ORDER BY t.[n];
