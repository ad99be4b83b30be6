SELECT [session_id], [name], [build], [slots], [state] FROM [xmlx].[worker_session] WHERE [state] = 'active' ORDER BY [started_at];
