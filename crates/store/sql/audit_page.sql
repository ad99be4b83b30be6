-- At most @P2 rows of the record behind entry @P1, that are no older than @P3 seconds where that is more than 0.
-- params: @P1 bigint, @P2 bigint, @P3 int
SELECT TOP (@P2) a.[entry], CONVERT(nvarchar(30), a.[at], 126) AS [at], a.[who], a.[address], a.[method], a.[subject],
    CAST(a.[contract_hash] AS nvarchar(64)) AS [contract_hash], a.[parameters], CAST(a.[outcome] AS nvarchar(20)) AS [outcome],
    CAST(a.[previous] AS nvarchar(64)) AS [previous], CAST(a.[hash] AS nvarchar(64)) AS [hash]
FROM [xmlx].[audit] AS a
WHERE a.[entry] > @P1 AND (@P3 = 0 OR a.[at] >= DATEADD(second, -@P3, SYSUTCDATETIME()))
ORDER BY a.[entry];
