/* SPDX-License-Identifier: Apache-2.0 */
/* Serves the files under static_dir: kept in memory and shared by all who download them, looked at on disk
 * for each request, so that an edited page shows at once. No path leaves the folder: no part of one begins
 * with a dot. */
#include "gateway/http/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/hash.h"
#include "core/base/log.h"
#include "core/base/xalloc.h"
#include "gateway/http/handlers.h"
#include "gateway/server/server.h"

struct file {
    char *path;
    struct frame *content;
    char etag[40];
    const char *type;
    UT_hash_handle hh;
};

struct files {
    int folder; /* -1: none */
    struct file *cache;
    size_t cached; /* bytes */
};

static const char *type_of(const char *path)
{
    static const struct {
        const char *suffix, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".map", "application/json"},
        {".txt", "text/plain; charset=utf-8"},
        {".md", "text/plain; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".jpeg", "image/jpeg"},
        {".gif", "image/gif"},
        {".webp", "image/webp"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".wasm", "application/wasm"},
        {".webmanifest", "application/manifest+json"},
    };
    size_t n = strlen(path);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        size_t k = strlen(types[i].suffix);
        if (n > k && strcmp(path + n - k, types[i].suffix) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

/* The default: static/ beside the program, as in a build folder, or the installed one. */
static int open_default(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - sizeof "static");
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n > 0) {
        memcpy(path + n, "static", sizeof "static");
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0)
            return fd;
    }
    return open(ROOMCAST_INSTALL_STATIC_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

struct files *files_new(const char *setting, char *why, size_t why_size)
{
    struct files *f = xcalloc(1, sizeof *f);
    f->folder = -1;
    if (setting[0] == '\0') {
        f->folder = open_default();
    } else if (strcmp(setting, "none") != 0) {
        f->folder = open(setting, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (f->folder < 0) {
            snprintf(why, why_size, "static_dir: %s: %s", setting, strerror(errno));
            free(f);
            return NULL;
        }
    }
    return f;
}

static void drop(struct files *f, struct file *file)
{
    HASH_DEL(f->cache, file);
    f->cached -= file->content->n;
    frame_put(file->content);
    free(file->path);
    free(file);
}

static void drop_all(struct files *f)
{
    struct file *file, *tmp;
    HASH_ITER(hh, f->cache, file, tmp)
    drop(f, file);
}

void files_free(struct files *f)
{
    drop_all(f);
    if (f->folder >= 0)
        close(f->folder);
    free(f);
}

static struct frame *read_all(int fd, size_t size)
{
    struct frame *content = frame_new(size);
    size_t n = 0;
    while (content != NULL && n < size) {
        ssize_t got = read(fd, content->bytes + n, size - n);
        if (got <= 0) {
            frame_put(content);
            return NULL;
        }
        n += (size_t)got;
    }
    return content;
}

static struct file *load(struct files *f, const char *path, int fd, const struct stat *st, const char *etag)
{
    struct frame *content = read_all(fd, (size_t)st->st_size);
    if (content == NULL)
        return NULL;
    if (f->cached + content->n > FILES_MAX_CACHE)
        drop_all(f);
    struct file *file = xcalloc(1, sizeof *file);
    file->path = xstrndup(slice_of(path));
    file->content = content;
    file->type = type_of(path);
    memccpy(file->etag, etag, '\0', sizeof file->etag - 1);
    f->cached += content->n;
    HASH_ADD_KEYPTR(hh, f->cache, file->path, (unsigned)strlen(file->path), file);
    return file;
}

/* What the file is now: from memory when it did not change. */
static struct file *current(struct files *f, const char *path, int fd)
{
    struct stat st;
    char etag[40];
    struct file *file;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILES_MAX_SIZE)
        return NULL;
    snprintf(etag, sizeof etag, "\"%llx-%llx%08lx\"", (unsigned long long)st.st_size,
             (unsigned long long)st.st_mtim.tv_sec, (unsigned long)st.st_mtim.tv_nsec);
    HASH_FIND(hh, f->cache, path, (unsigned)strlen(path), file);
    if (file != NULL && strcmp(file->etag, etag) == 0)
        return file;
    if (file != NULL)
        drop(f, file);
    return load(f, path, fd, &st, etag);
}

/* Into `out` with a final zero; a folder's page is its index.html. */
static bool path_of(struct slice path, char out[PATH_MAX])
{
    static const char page[] = "index.html";
    if (path.n + sizeof page > PATH_MAX || (path.n > 0 && memchr(path.p, '\0', path.n) != NULL))
        return false;
    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] == '.' || path.p[i] == '/')
            if (i == 0 || path.p[i - 1] == '/') /* hidden, or "..", or an empty part */
                return false;
    if (path.n > 0)
        memcpy(out, path.p, path.n);
    out[path.n] = '\0';
    if (path.n == 0 || path.p[path.n - 1] == '/')
        memcpy(out + path.n, page, sizeof page);
    return true;
}

static void answer_file(struct http *h, const struct request *r, const struct file *file)
{
    char headers[128];
    struct slice known = r->head.header[HTTP_IF_NONE_MATCH];
    snprintf(headers, sizeof headers,
             "ETag: %s\r\nCache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n", file->etag);
    struct answer a = {.status = 304, .headers = headers};
    if (!http_list_has(known, file->etag) && !slice_is(known, "*")) {
        a.status = 200;
        a.type = file->type;
        a.body = (struct slice){file->content->bytes, file->content->n};
        a.frame = file->content;
    }
    http_answer(h, &a);
}

void files_answer(struct http *h, const struct request *r, struct slice path)
{
    struct files *f = h->server->files;
    char name[PATH_MAX];
    struct file *file = NULL;
    if (r->head.method != HTTP_GET && r->head.method != HTTP_HEAD) {
        http_not_allowed(h, "GET, HEAD");
        return;
    }
    if (f->folder >= 0 && path_of(path, name)) {
        int fd = openat(f->folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd >= 0) {
            file = current(f, name, fd);
            close(fd);
        }
    }
    if (file != NULL)
        answer_file(h, r, file);
    else
        http_error(h, 404, "not_found", "nothing here");
}

void files_handle(struct http *h, const struct request *r, struct slice body)
{
    (void)body;
    files_answer(h, r, r->path.n > 0 && r->path.p[0] == '/' ? slice_from(r->path, 1) : SLICE_LIT("/"));
}
