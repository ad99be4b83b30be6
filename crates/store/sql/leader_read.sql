-- Who leads, and for how long its lease still holds by the database's clock: milliseconds, where that is less than a day off.
SELECT [term], CAST([holder] AS nvarchar(36)) AS [holder], [address], CAST(CASE WHEN [expires_at] > SYSUTCDATETIME() THEN 1 ELSE 0 END AS int) AS [alive],
CASE WHEN [expires_at] > DATEADD(day, -1, SYSUTCDATETIME()) AND [expires_at] < DATEADD(day, 1, SYSUTCDATETIME()) THEN DATEDIFF(millisecond, SYSUTCDATETIME(), [expires_at]) END AS [lease_left],
[commits_max]
FROM [xmlx].[leader] WHERE [id] = 1;
