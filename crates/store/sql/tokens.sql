-- All tokens, the newest last; `is_valid`: neither revoked nor expired.
SELECT CAST(t.[token_id] AS nvarchar(20)) AS [token_id], t.[name], CAST(t.[role] AS nvarchar(20)) AS [role],
    CAST(t.[hash] AS nvarchar(64)) AS [hash], t.[created_by], CONVERT(nvarchar(30), t.[created_at], 126) AS [created_at],
    CONVERT(nvarchar(30), t.[expires_at], 126) AS [expires_at], CONVERT(nvarchar(30), t.[revoked_at], 126) AS [revoked_at],
    CASE WHEN t.[revoked_at] IS NULL AND t.[expires_at] > SYSUTCDATETIME() THEN 1 ELSE 0 END AS [is_valid]
FROM [xmlx].[token] AS t
ORDER BY t.[created_at];
