-- The newest version, and the oldest that a program may have been built for.
SELECT CAST(COALESCE(MAX([version]), 0) AS int) AS [version], CAST(COALESCE(MAX([compatible_from]), 0) AS int) AS [compatible_from]
FROM [xmlx].[schema_version];
