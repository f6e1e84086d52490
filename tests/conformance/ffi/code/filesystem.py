#% write and read a file
import pyodide_js
FS = pyodide_js.FS
FS.writeFile("/tmp/t5_a.txt", "héllo")
[open("/tmp/t5_a.txt").read(), FS.readFile("/tmp/t5_a.txt", encoding="utf8"), FS.readFile("/tmp/t5_a.txt").to_bytes()]

#% write bytes
import pyodide_js
from pyodide.ffi import to_js
FS = pyodide_js.FS
FS.writeFile("/tmp/t5_b.bin", to_js(b"\x00\x01\xff"))
open("/tmp/t5_b.bin", "rb").read()

#% writeFile replaces
import pyodide_js
FS = pyodide_js.FS
FS.writeFile("/tmp/t5_c.txt", "a long text")
FS.writeFile("/tmp/t5_c.txt", "short")
open("/tmp/t5_c.txt").read()

#% directories
import os, pyodide_js
FS = pyodide_js.FS
FS.mkdir("/tmp/t5_dir")
FS.writeFile("/tmp/t5_dir/x", "1")
listed = FS.readdir("/tmp/t5_dir").to_py()
FS.unlink("/tmp/t5_dir/x")
FS.rmdir("/tmp/t5_dir")
[sorted(listed), os.path.exists("/tmp/t5_dir")]

#% a tree of directories
import os, pyodide_js
pyodide_js.FS.mkdirTree("/tmp/t5_tree/a/b")
pyodide_js.FS.mkdirTree("/tmp/t5_tree/a/b")
os.path.isdir("/tmp/t5_tree/a/b")

#% stat
import pyodide_js
FS = pyodide_js.FS
FS.writeFile("/tmp/t5_s.txt", "12345")
s = FS.stat("/tmp/t5_s.txt")
[s.size, oct(s.mode), FS.isFile(s.mode), FS.isDir(s.mode), FS.isDir(FS.stat("/tmp").mode)]

#% rename and exists
import pyodide_js
FS = pyodide_js.FS
FS.writeFile("/tmp/t5_old", "x")
FS.rename("/tmp/t5_old", "/tmp/t5_new")
[FS.analyzePath("/tmp/t5_old").exists, FS.analyzePath("/tmp/t5_new").exists, FS.analyzePath("/tmp/t5_new").path]

#% symbolic links
import os, pyodide_js
FS = pyodide_js.FS
FS.writeFile("/tmp/t5_target", "x")
FS.symlink("/tmp/t5_target", "/tmp/t5_link")
result = [FS.readlink("/tmp/t5_link"), FS.isLink(FS.lstat("/tmp/t5_link").mode), os.path.islink("/tmp/t5_link")]
FS.unlink("/tmp/t5_link")
result

#% working directory
import os, pyodide_js
before = os.getcwd()
pyodide_js.FS.chdir("/tmp")
result = [os.getcwd(), pyodide_js.FS.cwd()]
os.chdir(before)
result

#% change mode and size
import os, pyodide_js
FS = pyodide_js.FS
FS.writeFile("/tmp/t5_m", "123456")
FS.chmod("/tmp/t5_m", 0o600)
FS.truncate("/tmp/t5_m", 3)
[oct(os.stat("/tmp/t5_m").st_mode), open("/tmp/t5_m").read()]

#% change times
import os, pyodide_js
FS = pyodide_js.FS
FS.writeFile("/tmp/t5_t", "")
FS.utime("/tmp/t5_t", 1000000, 2000000)
[os.stat("/tmp/t5_t").st_atime, os.stat("/tmp/t5_t").st_mtime]

#% streams
import pyodide_js
from pyodide.ffi import to_js
import js
FS = pyodide_js.FS
s = FS.open("/tmp/t5_stream", "w+")
FS.write(s, to_js(b"hello world"), 0, 11, 0)
buffer = js.Uint8Array.new(5)
count = FS.read(s, buffer, 0, 5, 6)
FS.close(s)
[count, buffer.to_bytes(), type(s.fd).__name__]

#% a file that is not there
import pyodide_js
from pyodide.ffi import JsException
try:
    pyodide_js.FS.readFile("/tmp/t5_nothing")
except JsException as e:
    result = [e.name, e.message, str(e)]
result
