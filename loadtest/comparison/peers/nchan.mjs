// SPDX-License-Identifier: Apache-2.0
// NGINX with nchan: one worker, the memory store, and no messages kept for those who come later.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so';

const configuration = (port, files) => `
load_module ${MODULE};
worker_processes 1;
worker_rlimit_nofile ${files};
daemon off;
pid nginx.pid;
error_log stderr warn;
events { worker_connections ${files - 100}; }
http {
  access_log off;
  nchan_shared_memory_size 256M;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    tcp_nodelay on;
    location ~ ^/raw/(.+)$ {
      nchan_pubsub websocket;
      nchan_channel_id $1;
      nchan_store_messages off;
    }
  }
}
`;

/* The arguments of nginx, which keeps everything in that folder. */
export function nchan(port, folder, files) {
  const path = join(folder, 'nginx.conf');
  writeFileSync(path, configuration(port, files));
  return ['-e', 'stderr', '-p', folder, '-c', path];
}
