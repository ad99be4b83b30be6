-- Which permissions the login of this connection has; of a thing that does not exist, none.
-- params: @P1 nvarchar(max)
SELECT j.[at], COALESCE(HAS_PERMS_BY_NAME(j.[securable], j.[class], j.[permission]), 0) AS [allowed]
FROM OPENJSON(@P1) WITH ([at] int '$[0]', [securable] nvarchar(600) '$[1]', [class] nvarchar(60) '$[2]', [permission] nvarchar(60) '$[3]') AS j
ORDER BY j.[at];
