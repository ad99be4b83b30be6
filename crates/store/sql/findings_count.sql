-- How many findings of single applications a job has.
-- params: @P1 bigint
SELECT COUNT_BIG(*) AS [n] FROM [xmlx].[finding] AS f WHERE f.[job_id] = @P1;
