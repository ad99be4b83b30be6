-- A job begins as one pending range over its whole scope.
-- params: @P1 bigint, @P2 bigint, @P3 varchar(64), @P4 nvarchar(200), @P5 char(64), @P6 nvarchar(max), @P7 varchar(20), @P8 bigint, @P9 bigint, @P10 bigint, @P11 int, @P12 varchar(36), @P13 varchar(20), @P14 varchar(20), @P15 nvarchar(max), @P16 int, @P17 bigint, @P18 nvarchar(max)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P12 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
INSERT INTO [xmlx].[job] ([job_id], [submit_key], [name], [contract_hash], [contract], [mode], [scope_lo], [scope_hi], [state], [log_watermark], [priority])
VALUES (@P2, @P3, @P4, @P5, @P6, @P7, @P8, @P9, 'running', @P10, @P11);
INSERT INTO [xmlx].[range] ([job_id], [range_id], [lo], [hi], [state], [epoch], [owner_session], [committed_through])
VALUES (@P2, 1, @P8, @P9, 'pending', 0, NULL, @P8 - 1);
INSERT INTO [xmlx].[range_history] ([job_id], [range_id], [event], [lo], [hi], [epoch], [term], [session_id], [committed_through])
VALUES (@P2, 1, 'created', @P8, @P9, 0, @P1, NULL, @P8 - 1);
-- Empty: the control tables are older than this build and have no place for budgets.
IF @P13 <> ''
INSERT INTO [xmlx].[job_budget] ([job_id], [max_failures], [max_warnings], [decided_before], [failed_before], [warned_before])
VALUES (@P2, @P13, @P14, 0, 0, 0);
-- Empty: the job has none.
IF @P15 <> ''
INSERT INTO [xmlx].[job_threshold] ([job_id], [n], [threshold], [rows_before], [found_before])
SELECT @P2, j.[place], j.[threshold], 0, 0 FROM OPENJSON(@P15) WITH ([place] int '$[0]', [threshold] nvarchar(max) '$[1]') AS j;
-- Both 0: the job takes all of its scope.
IF @P16 > 0 OR @P17 > 0
INSERT INTO [xmlx].[job_selection] ([job_id], [millionths], [applications]) VALUES (@P2, @P16, @P17);
IF @P17 > 0
INSERT INTO [xmlx].[job_application] ([job_id], [app_id])
SELECT @P2, c.[app_id] FROM OPENJSON(@P18) WITH ([app_id] bigint '$') AS c;
COMMIT;
