-- How many jobs there are, and the highest id that one has.
SELECT COUNT_BIG(*) AS [n], COALESCE(MAX([job_id]), 0) AS [newest] FROM [xmlx].[job];
