-- params: @P1 bigint, @P2 varchar(36), @P3 nvarchar(200), @P4 nvarchar(100), @P5 int, @P6 varchar(36)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P6 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
UPDATE [xmlx].[worker_session] SET [state] = 'active', [ended_at] = NULL WHERE [session_id] = CAST(@P2 AS varchar(36));
IF @@ROWCOUNT = 0
INSERT INTO [xmlx].[worker_session] ([session_id], [name], [build], [slots], [state]) VALUES (@P2, @P3, @P4, @P5, 'active');
COMMIT;
