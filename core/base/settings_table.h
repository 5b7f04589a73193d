/* SPDX-License-Identifier: Apache-2.0 */
/* Every configuration key, once: the struct, --help, --print-config, the environment and the README's table
 * come from these rows.
 *   X_UINT(key, default, min, max, unit, reload, help)   X_BOOL(key, default, reload, help)
 *   X_STR(key, default, reload, help)
 * reload: 1 if SIGHUP takes a new value over. No include guard: it is included more than once. */

X_STR(listen, "3000", 0,
      "[HOST:]PORT to accept connections on; without HOST all addresses; [::1]:3000 for IPv6")
X_STR(bus, "memory", 0, "memory, or redis://[user:password@]HOST[:PORT][/DB]")
X_STR(bus_prefix, "roomcast", 0,
      "first part of every Redis channel name: one Redis may serve several clusters")
X_STR(node_id, "", 0,
      "name of this gateway in the cluster, 1 to 32 of A-Z a-z 0-9 _ -; empty: host name and pid")
X_STR(static_dir, "", 0, "folder of the files served under /; empty: the installed demo; none: no files")
X_STR(allowed_origins, "", 1,
      "comma separated origins that browsers may call from, or *; empty: no CORS headers")
X_BOOL(cors_credentials, 0, 1, "send Access-Control-Allow-Credentials to allowed origins")
X_STR(trusted_proxies, "", 1,
      "comma separated addresses or CIDR blocks whose X-Forwarded-For and X-Roomcast-Affinity headers count")
X_BOOL(http_publish, 1, 1, "answer POST /rooms/ROOM")
X_STR(publish_token, "", 1, "when set, POST /rooms/ROOM needs the header Authorization: Bearer <this>")
X_BOOL(compression, 0, 1,
       "agree to compressed messages (permessage-deflate) with WebSocket clients that offer it")
X_STR(log_level, "info", 1, "error, warn, info or debug")
X_STR(log_format, "text", 0, "text (key=value) or json")

X_UINT(ping_interval_ms, 25000, 50, 3600000, "ms", 0,
       "heartbeat: time from open, or from a pong, to the next ping")
X_UINT(ping_timeout_ms, 20000, 50, 3600000, "ms", 0,
       "a connection that does not answer a ping for so long is closed")
X_UINT(connect_timeout_ms, 45000, 50, 3600000, "ms", 0,
       "a Socket.IO connection that joined no namespace is closed")
X_UINT(upgrade_timeout_ms, 10000, 50, 3600000, "ms", 0, "an upgrade to WebSocket must be complete after it")
X_UINT(handshake_timeout_ms, 10000, 50, 3600000, "ms", 0,
       "a request's headers and body must be there after it")
X_UINT(request_timeout_ms, 10000, 50, 3600000, "ms", 1,
       "a client that is asked for an ack has so long to give it")
X_UINT(drain_timeout_ms, 20000, 0, 3600000, "ms", 1,
       "SIGTERM: connections are closed evenly over it, then exit")
X_UINT(room_linger_ms, 10000, 0, 3600000, "ms", 0,
       "a room stays subscribed so long after its last member left")
X_UINT(bus_timeout_ms, 5000, 100, 3600000, "ms", 0, "a bus that answers nothing for so long is reconnected")

X_UINT(max_connections, 0, 0, 10000000, "", 0,
       "connections of this gateway; 0: as many as the file limit allows, at most 65536")
X_UINT(max_message_bytes, 1000000, 1024, 104857600, "bytes", 0, "one message from a client, attachments each")
X_UINT(compression_min_bytes, 512, 0, 104857600, "bytes", 1,
       "with compression: smaller messages are sent as they are")
X_UINT(max_http_body_bytes, 1000000, 1024, 104857600, "bytes", 0, "the body of POST /rooms/ROOM")
X_UINT(max_attachments, 10, 0, 10, "", 0, "binary attachments of one event")
X_UINT(max_json_depth, 64, 4, 1024, "", 0, "nesting of arrays and objects in a message")
X_UINT(max_room_name_bytes, 256, 1, 4096, "bytes", 0, "a room's name in UTF-8")
X_UINT(max_event_name_bytes, 256, 1, 4096, "bytes", 0, "an event's name in UTF-8")
X_UINT(max_rooms_per_client, 1000, 1, 1000000, "", 0, "rooms that one client may be in")
X_UINT(max_namespaces_per_connection, 16, 1, 1000, "", 0, "namespaces that one connection may join")
X_UINT(max_queue_bytes, 1048576, 1024, 1073741824, "bytes", 0,
       "output waiting for one connection (one frame more is always taken); past it the connection is closed")
X_UINT(max_queue_frames, 10000, 16, 10000000, "frames", 0, "the same, counted in frames")
X_UINT(max_pending_events, 1000, 1, 1000000, "", 0,
       "unfinished events of one connection: past it reading pauses, past twice it the connection is closed")
X_UINT(max_events_per_second, 0, 0, 1000000, "1/s", 0, "events that one connection may send; 0: no limit")
X_UINT(max_events_burst, 100, 1, 1000000, "", 0, "events that may come at once under max_events_per_second")
X_UINT(max_bus_queue_bytes, 67108864, 65536, 4294967296, "bytes", 0,
       "publications waiting for the bus; past it publishes are refused as overloaded")
X_UINT(send_buffer_bytes, 131072, 0, 16777216, "bytes", 0,
       "kernel send buffer of each connection; 0: the system's")
