SELECT CAST(CASE WHEN OBJECT_ID(N'[xmlx].[schema_version]', N'U') IS NULL THEN 0 ELSE 1 END AS int) AS [present];
