-- Who leads, and whether its lease still holds by the database's clock.
SELECT [term], CAST([holder] AS nvarchar(36)) AS [holder], [address], CAST(CASE WHEN [expires_at] > SYSUTCDATETIME() THEN 1 ELSE 0 END AS int) AS [alive], [commits_max]
FROM [xmlx].[leader] WHERE [id] = 1;
