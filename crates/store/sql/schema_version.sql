SELECT CAST(COALESCE(MAX([version]), 0) AS int) AS [version] FROM [xmlx].[schema_version];
