-- params: @P1 varchar(20), @P2 nvarchar(64), @P3 varchar(20), @P4 varchar(64), @P5 nvarchar(200), @P6 int
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
INSERT INTO [xmlx].[token] ([token_id], [name], [role], [hash], [created_by], [expires_at])
VALUES (@P1, @P2, @P3, @P4, @P5, DATEADD(second, @P6, SYSUTCDATETIME()));
COMMIT;
