-- Where the record ends, and the time that its next row has.
SELECT [entry], CAST([hash] AS nvarchar(64)) AS [hash], CONVERT(nvarchar(30), SYSUTCDATETIME(), 126) AS [at] FROM [xmlx].[audit_head] WHERE [id] = 1;
