-- params: @P1 varchar(36), @P2 bigint
UPDATE [xmlx].[leader] SET [expires_at] = '2000-01-01T00:00:00'
WHERE [id] = 1 AND [term] = @P2 AND [holder] = CAST(@P1 AS varchar(36));
