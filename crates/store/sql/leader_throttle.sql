-- No row comes back where the term has moved on: the caller is deposed.
-- params: @P1 bigint, @P2 int, @P3 varchar(36)
UPDATE [xmlx].[leader] SET [commits_max] = NULLIF(@P2, 0)
OUTPUT inserted.[term]
WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P3 AS varchar(36));
