-- params: @P1 bigint, @P2 int, @P3 varchar(36)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [commits_max] = NULLIF(@P2, 0)
WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P3 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
COMMIT;
