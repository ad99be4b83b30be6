-- No row comes back where the term has moved on: the caller is deposed.
-- params: @P1 varchar(36), @P2 bigint, @P3 int
UPDATE [xmlx].[leader]
SET [expires_at] = DATEADD(millisecond, @P3, SYSUTCDATETIME())
OUTPUT inserted.[term]
WHERE [id] = 1 AND [term] = @P2 AND [holder] = CAST(@P1 AS varchar(36));
