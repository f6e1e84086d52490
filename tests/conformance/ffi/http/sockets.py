#% a socket can be made
import socket
s = socket.socket()
result = [s.family.name, s.type.name, s.fileno() >= 0]
s.close()
result

#% connecting is refused
import socket
s = socket.socket()
try:
    s.connect(("127.0.0.1", 9))
except OSError as e:
    result = [type(e).__name__, e.errno, str(e)]
result

#% create_connection is refused
import socket
try:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
except OSError as e:
    result = [type(e).__name__, e.errno, str(e)]
result

#% numeric addresses resolve to themselves
import socket
[socket.getaddrinfo("127.0.0.1", 80), socket.gethostbyname("127.0.0.1"), socket.getaddrinfo(None, 80), socket.inet_aton("1.2.3.4")]

#% names resolve to addresses that stand for them
import socket
a = socket.gethostbyname("t5.example.com")
[a.startswith("172.29."), a == socket.gethostbyname("t5.example.com"), a == socket.gethostbyname("t6.example.com")]

#% services by name
import socket
try:
    socket.getaddrinfo("localhost", "http")
except OSError as e:
    result = [type(e).__name__, e.errno, str(e)]
result

#% names of the host
import socket
[socket.gethostname(), socket.getfqdn(), socket.getnameinfo(("127.0.0.1", 80), 0)]

#% families and types that there are not
import socket
result = []
for action in (lambda: socket.AF_UNIX, lambda: socket.socket(socket.AF_INET6), lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW)):
    try:
        result.append(action())
    except Exception as e:
        result.append([type(e).__name__, str(e)])
result

#% urllib says why
import urllib.request
try:
    urllib.request.urlopen("http://127.0.0.1:9/", timeout=1)
except OSError as e:
    result = [type(e).__name__, str(e)]
result

#% options can be set
import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.settimeout(1)
[s.gettimeout(), s.getblocking()]
