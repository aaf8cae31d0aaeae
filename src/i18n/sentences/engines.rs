//! Connections to Docker engines.

use super::Pair;

pub(super) const PAIRS: &[Pair] = &[
    ("host `{host}` at {endpoint}: {fault}", "equipo `{host}` en {endpoint}: {fault}"),
    // EngineFault
    ("`{endpoint}` is no endpoint of an engine", "`{endpoint}` no es un extremo de acceso a un motor"),
    (
        "plain TCP is refused, for whoever reaches that port is root on that machine",
        "no se admite TCP sin cifrar: quien llega a ese puerto es root en esa máquina",
    ),
    ("TLS needs the files of `tls`", "TLS necesita los archivos de `tls`"),
    ("there is no Docker context `{name}`", "no hay ningún contexto de Docker `{name}`"),
    ("{path} is no context of Docker: {words}", "{path} no es un contexto de Docker: {words}"),
    (
        "the Docker context `{name}` does not verify its server",
        "el contexto de Docker `{name}` no verifica su servidor",
    ),
    (
        "{path} is no context of Docker: no Docker endpoint",
        "{path} no es un contexto de Docker: no tiene extremo de Docker",
    ),
    ("{path} cannot be read: {words}", "no se puede leer {path}: {words}"),
    ("{path} holds no certificate in PEM", "{path} no contiene ningún certificado en PEM"),
    (
        "{path} holds no private key in PEM without a passphrase",
        "{path} no contiene ninguna clave privada en PEM sin contraseña",
    ),
    ("the key {key} is not that of the certificate {cert}", "la clave {key} no es la del certificado {cert}"),
    ("there is no socket {path}", "no existe el socket {path}"),
    ("this user may not use the socket {path}", "este usuario no puede usar el socket {path}"),
    ("nobody listens at the socket {path}", "nadie escucha en el socket {path}"),
    ("nobody listens at that port", "nadie escucha en ese puerto"),
    ("it cannot be reached: {words}", "no se puede llegar a él: {words}"),
    ("its certificate is not signed by the CA of {path}", "su certificado no está firmado por la CA de {path}"),
    ("its certificate is for {names}, not for {expected}", "su certificado es para {names}, no para {expected}"),
    ("no name", "ningún nombre"),
    (
        "its certificate was valid until {until}, and here it is {now}",
        "su certificado era válido hasta {until}, y aquí son las {now}",
    ),
    (
        "its certificate is valid from {from}, and here it is {now}",
        "su certificado es válido desde {from}, y aquí son las {now}",
    ),
    (
        "it does not accept the certificate {cert}, which was valid until {until}; here it is {now}",
        "no acepta el certificado {cert}, que era válido hasta {until}; aquí son las {now}",
    ),
    (
        "it does not accept the certificate {cert}, which is valid from {from}; here it is {now}",
        "no acepta el certificado {cert}, que es válido desde {from}; aquí son las {now}",
    ),
    ("it does not accept the certificate {cert}: {words}", "no acepta el certificado {cert}: {words}"),
    ("TLS failed: {words}", "TLS ha fallado: {words}"),
    ("ssh cannot be started: {why}", "no se puede iniciar ssh: {why}"),
    ("`{program}` is not installed", "`{program}` no está instalado"),
    ("no folder is short enough for a socket", "ninguna carpeta es lo bastante corta para un socket"),
    ("ssh does not know the key of that host", "ssh no conoce la clave de ese equipo"),
    (
        "ssh knows another key of that host: it was set up anew, or somebody else answers",
        "ssh conoce otra clave de ese equipo: se instaló de nuevo, o responde otro",
    ),
    ("ssh failed: {words}", "ssh ha fallado: {words}"),
    (
        "ssh works, but the socket {socket} there does not answer",
        "ssh funciona, pero el socket {socket} de allí no responde",
    ),
    ("no answer within {limit} s", "sin respuesta en {limit} s"),
    ("what answers there is no Docker engine: {words}", "lo que responde allí no es un motor de Docker: {words}"),
    (
        "the engine there is {product} {version} and speaks API {api}, and {least} is needed",
        "el motor de allí es {product} {version} y habla la API {api}, y se necesita {least}",
    ),
    // Their hints
    (
        "write `unix:///PATH`, `ssh://USER@HOST` or `tcp+tls://HOST:2376`",
        "escriba `unix:///PATH`, `ssh://USER@HOST` o `tcp+tls://HOST:2376`",
    ),
    (
        "write `ssh://USER@HOST`, or let dockerd ask for certificates and write `tcp+tls://HOST:2376` with `tls`",
        "escriba `ssh://USER@HOST`, o haga que dockerd pida certificados y escriba `tcp+tls://HOST:2376` con `tls`",
    ),
    (
        "add `tls: { ca: ca.pem, cert: cert.pem, key: key.pem }`",
        "añada `tls: { ca: ca.pem, cert: cert.pem, key: key.pem }`",
    ),
    ("this user has none but `default`", "este usuario no tiene otro que `default`"),
    ("known: default, {names}", "conocidos: default, {names}"),
    ("`docker context ls` shows which can be used", "`docker context ls` muestra cuáles se pueden usar"),
    ("`docker context update {update}` lets it", "se consigue con `docker context update {update}`"),
    (
        "see that the file is there and that this user may read it",
        "compruebe si existe el archivo y si este usuario puede leerlo",
    ),
    ("it must begin with `-----BEGIN CERTIFICATE-----`", "debe empezar por `-----BEGIN CERTIFICATE-----`"),
    (
        "it must begin with `-----BEGIN PRIVATE KEY-----` or the like",
        "debe empezar por `-----BEGIN PRIVATE KEY-----` o similar",
    ),
    ("`cert` and `key` must be made together", "`cert` y `key` deben hacerse juntos"),
    (
        "another engine listens here: to use it, write `endpoint: {endpoint}`",
        "aquí escucha otro motor: para usarlo, escriba `endpoint: {endpoint}`",
    ),
    (
        "start the engine (`sudo systemctl start docker`), or write the `endpoint` where it listens",
        "arranque el motor (`sudo systemctl start docker`), o escriba el `endpoint` en el que escucha",
    ),
    (
        "add the user to its group (`sudo usermod -aG docker $USER`) and log in again, or run iperftester with sudo",
        "añada el usuario a su grupo (`sudo usermod -aG docker $USER`) y vuelva a entrar, o use iperftester con sudo",
    ),
    (
        "see that dockerd is started with `-H tcp://0.0.0.0:2376 --tlsverify`, and the port",
        "compruebe si dockerd arranca con `-H tcp://0.0.0.0:2376 --tlsverify`, y el puerto",
    ),
    (
        "see that the host is up, and that its name and address are right",
        "compruebe si el equipo está encendido y si su nombre y su dirección son correctos",
    ),
    (
        "`tls.ca` must be the CA that signed the certificate of dockerd (`--tlscert`)",
        "`tls.ca` debe ser la CA que firmó el certificado de dockerd (`--tlscert`)",
    ),
    (
        "write an endpoint with one of its names, or make a certificate with that name (subjectAltName)",
        "escriba un endpoint con uno de sus nombres, o haga un certificado con ese nombre (subjectAltName)",
    ),
    (
        "see that the clock of this machine is right (`date -u`); if it is, renew the certificate of dockerd",
        "compruebe el reloj de esta máquina (`date -u`); si está bien, renueve el certificado de dockerd",
    ),
    (
        "see that the clock of this machine is right (`date -u`); if it is, renew that certificate",
        "compruebe el reloj de esta máquina (`date -u`); si está bien, renueve ese certificado",
    ),
    (
        "it must be signed by the CA that dockerd was started with (`--tlscacert`), for clientAuth, and be valid by that \
         machine's clock",
        "debe estar firmado por la CA con la que arrancó dockerd (`--tlscacert`), para clientAuth, y ser válido según el \
         reloj de esa máquina",
    ),
    (
        "see that dockerd is started with `--tlsverify` and speaks TLS 1.2 or 1.3",
        "compruebe si dockerd arranca con `--tlsverify` y habla TLS 1.2 o 1.3",
    ),
    (
        "install `openssh-client`, and see that this user may write in XDG_RUNTIME_DIR",
        "instale `openssh-client`, y compruebe si este usuario puede escribir en XDG_RUNTIME_DIR",
    ),
    (
        "run `{command}` once, compare the fingerprint that it shows and say yes",
        "ejecute `{command}` una vez, compare la huella que muestra y acéptela",
    ),
    (
        "ask who runs that host; if the key is right, run `{forget}`, then `{command}`",
        "pregunte a quien lleva ese equipo; si la clave es correcta, ejecute `{forget}` y después `{command}`",
    ),
    (
        "`{command}` must work without a question: a key without passphrase or in ssh-agent, the port open",
        "`{command}` debe funcionar sin preguntar nada: una clave sin contraseña o en ssh-agent, el puerto abierto",
    ),
    (
        "see that the engine runs there, that this user is in its group (docker) and that sshd allows forwarding: \
         `{command}`",
        "compruebe si el motor funciona allí, si este usuario está en su grupo (docker) y si sshd permite reenviar: \
         `{command}`",
    ),
    (
        "see that the host is up, that no firewall is in between and that `docker info` ends there",
        "compruebe si el equipo está encendido, si no hay un cortafuegos en medio y si `docker info` termina allí",
    ),
    (
        "see that the endpoint is that of a Docker engine or of Podman's service",
        "compruebe si el endpoint es el de un motor de Docker o el del servicio de Podman",
    ),
    ("update it to Docker 20.10 or Podman 4.3, or later", "actualícelo a Docker 20.10 o a Podman 4.3, o posteriores"),
    (
        "start Podman's service (`sudo systemctl enable --now podman.socket`, for a user's own `systemctl --user enable --now podman.socket`), or write the `endpoint` where it listens",
        "inicie el servicio de Podman (`sudo systemctl enable --now podman.socket`, para el propio de un usuario `systemctl --user enable --now podman.socket`), o escriba el `endpoint` en el que escucha",
    ),
    (
        "run iperftester with sudo, or use Podman without root: `systemctl --user enable --now podman.socket` and `endpoint: unix://$XDG_RUNTIME_DIR/podman/podman.sock`, written out",
        "use iperftester con sudo, o use Podman sin root: `systemctl --user enable --now podman.socket` y `endpoint: unix://$XDG_RUNTIME_DIR/podman/podman.sock`, escrito por extenso",
    ),
    (
        "another network of that host has these addresses: `ip route` there shows which",
        "otra red de ese equipo tiene esas direcciones: `ip route` allí muestra cuál",
    ),
    (
        "that host allows fewer open files than Podman asks for: lower `default_ulimits` in its containers.conf",
        "ese equipo permite menos archivos abiertos de los que pide Podman: reduzca `default_ulimits` en su containers.conf",
    ),
    (
        "Podman without root needs slirp4netns for its networks, and /dev/net/tun open to every user: `sudo apt-get install slirp4netns` there",
        "Podman sin root necesita slirp4netns para sus redes, y /dev/net/tun abierto a todos los usuarios: `sudo apt-get install slirp4netns` allí",
    ),
    (
        "systemd does not let that user limit this: add it to `Delegate=` of user@.service there, and log in again",
        "systemd no deja que ese usuario limite esto: añádalo a `Delegate=` de user@.service allí, y vuelva a entrar",
    ),
    // What is made on an engine.
    ("cannot create {subject} on host {host}", "no se puede crear {subject} en el equipo {host}"),
    ("cannot remove {subject} on host {host}", "no se puede quitar {subject} en el equipo {host}"),
    ("cannot observe {subject} on host {host}", "no se puede observar {subject} en el equipo {host}"),
    ("cannot tidy {subject} on host {host}", "no se puede poner en orden {subject} en el equipo {host}"),
    (
        "cannot read the log of {subject} on host {host}",
        "no se puede leer el registro de {subject} en el equipo {host}",
    ),
    ("the engine gave no stream", "el motor no dio ningún canal"),
    ("it names no version", "no dice su versión"),
    ("it speaks API `{api}`", "habla la API `{api}`"),
    ("cannot reach {subject} on host {host}", "no se puede llegar a {subject} en el equipo {host}"),
    ("there is a {what} called {name} already: {why}", "ya hay {what} con el nombre {name}: {why}"),
    ("iperftester did not make it", "no es obra de iperftester"),
    ("it is of the topology {topology}", "es de la topología {topology}"),
    (
        "it is of the topology {topology}, which is {owner}'s since {time}",
        "es de la topología {topology}, que es de {owner} desde {time}",
    ),
    ("its container is {owner}'s since {time}", "su contenedor es de {owner} desde {time}"),
    ("a time that its engine does not tell", "un momento que su motor no dice"),
    (
        "give one of the two topologies another `name:`, or deploy again once that one is gone",
        "dé otro `name:` a una de las dos topologías, o vuelva a desplegar cuando aquello haya desaparecido",
    ),
    (
        "{id} on host {host} is {owner}'s since {time}, and would be replaced or removed",
        "{id} en el equipo {host} es de {owner} desde {time}, y se sustituiría o quitaría",
    ),
    ("it belongs to {owner}, and the topology says another `owner`", "es de {owner}, y la topología dice otro `owner`"),
    ("it is of a host {host}, which the topology does not have", "es de un equipo {host}, que la topología no tiene"),
    ("container", "un contenedor"),
    ("its engine gave it no address", "su motor no le dio ninguna dirección"),
    (
        "the name `{name}` of its host cannot be resolved here, so the probe {probe} needs an `address`",
        "el nombre `{name}` de su equipo no se puede resolver aquí, así que la sonda {probe} necesita un `address`",
    ),
    ("there is no such resource on this host", "no hay tal recurso en este equipo"),
    ("the connection to host {host} broke", "se rompió la conexión con el equipo {host}"),
    (
        "see that its engine runs (`docker info` there), then try again: `deploy` makes what is missing, `destroy` removes what is \
         left",
        "compruebe si su motor funciona (`docker info` allí) e inténtelo de nuevo: `deploy` hace lo que falta, `destroy` quita lo \
         que queda",
    ),
    ("its container was never started", "su contenedor no llegó a arrancar"),
    ("its container is not in the network {name}", "su contenedor no está en la red {name}"),
    ("its container is in the network {name} too", "su contenedor está también en la red {name}"),
    ("`{limit}` of its container is {is} instead of {made}", "`{limit}` de su contenedor es {is} en lugar de {made}"),
    ("no limit", "ningún límite"),
    ("its container is {words}", "su contenedor está {words}"),
    ("`iperftester deploy` makes it again", "`iperftester deploy` lo vuelve a hacer"),
    (
        "rename the topology, or remove that {what}: {words}",
        "cambie el nombre de la topología, o quite {what}: {words}",
    ),
    (
        "name an interface of that host as `parent`: `ip link` there shows them",
        "indique como `parent` una interfaz de ese equipo: `ip link` allí las muestra",
    ),
    (
        "name CPUs of that host in `cpu-set`: `nproc` there tells how many it has",
        "indique en `cpu-set` CPU de ese equipo: `nproc` allí dice cuántas tiene",
    ),
    (
        "another program or container has that port: give the probe other `ports`",
        "otro programa o contenedor tiene ese puerto: dé otros `ports` a la sonda",
    ),
    (
        "make room on that host: `docker system df` there shows what takes it",
        "haga sitio en ese equipo: `docker system df` allí muestra qué lo ocupa",
    ),
    ("`iperftester deploy` brings the probe image again", "`iperftester deploy` vuelve a llevar la imagen de sonda"),
    (
        "another network of that host has these addresses: `docker network ls` there shows which",
        "otra red de ese equipo tiene estas direcciones: `docker network ls` allí muestra cuál",
    ),
    (
        "its networks take all addresses of its pools: remove those that nobody uses",
        "sus redes ocupan todas las direcciones de sus reservas: quite las que nadie use",
    ),
    (
        "a container that is not of this topology is in that network: disconnect it first",
        "en esa red hay un contenedor que no es de esta topología: desconéctelo antes",
    ),
    (
        "{probe} is reached at its host, whose engine is at a socket of this machine",
        "a {probe} se llega en su equipo, cuyo motor está en un socket de esta máquina",
    ),
    (
        "say at which address others reach it: `{address}` at the probe `{probe}`",
        "diga en qué dirección la encuentran las demás: `{address}` en la sonda `{probe}`",
    ),
    (
        "see that `docker ps` ends there, else restart that engine",
        "vea que `docker ps` termina allí; si no, reinicie ese motor",
    ),
    // Links between containers.
    ("link `{name}` asks for `impair.{option}`, and {why}", "el enlace `{name}` pide `impair.{option}`, y {why}"),
    ("site `{name}` asks for `{key}`, and {why}", "la sede `{name}` pide `{key}`, y {why}"),
    (
        "plain processes (`isolation: processes`) cannot be shaped",
        "los simples procesos (`isolation: processes`) no se pueden limitar",
    ),
    (
        "take that out of the topology, or let the host say `isolation: user-namespaces` (no root needed) or `isolation: \
         namespaces` (root)",
        "quítelo de la topología, o ponga en el equipo `isolation: user-namespaces` (sin root) o `isolation: namespaces` \
         (root)",
    ),
    ("`{one}` and `{other}` are on two hosts", "`{one}` y `{other}` están en dos equipos"),
    ("`{probe}` is not on a bridge", "`{probe}` no está en un puente"),
    (
        "`{probe}` is on the `external` host `{host}`, which is somebody else's",
        "`{probe}` está en el equipo `external` `{host}`, que es ajeno",
    ),
    (
        "take `impair` out: the path to somebody else's server is measured as it is, and what was agreed on it goes into \
         `contract`",
        "quite `impair`: el camino hasta un servidor ajeno se mide tal como es, y lo acordado sobre él va en `contract`",
    ),
    ("`{probe}` is on the `{kind}` host `{host}`", "`{probe}` está en el equipo `{host}`, de tipo `{kind}`"),
    ("the site `{site}` has {number} probes instead of one", "la sede `{site}` tiene {number} sondas en vez de una"),
    (
        "the site `{site}` has an `uplink`, which no bridge can shape",
        "la sede `{site}` tiene un `uplink`, que ningún puente puede limitar",
    ),
    (
        "{who}, and the engine of host `{host}` is not at a socket of this machine",
        "{who}, y el motor del equipo `{host}` no está en un socket de esta máquina",
    ),
    (
        "the engine of host `{host}` is not at a socket of this machine",
        "el motor del equipo `{host}` no está en un socket de esta máquina",
    ),
    (
        "links are shaped between two probes on the bridge of one `docker` host of this machine, or between namespaces of it \
         (`local: {}`): put both ends there, or take `impair` out",
        "los enlaces se limitan entre dos sondas en el puente de un equipo `docker` de esta máquina, o entre espacios de red \
         suyos (`local: {}`): ponga ahí los dos extremos, o quite `impair`",
    ),
    (
        "link the probes themselves, or leave one probe and no `uplink` in the site; sites of several probes and their uplinks \
         are shaped between namespaces (`local: {}`)",
        "enlace las propias sondas, o deje una sonda y ningún `uplink` en la sede; las sedes de varias sondas y sus uplinks se \
         limitan entre espacios de red (`local: {}`)",
    ),
    (
        "run iperftester on that machine, or shape links between namespaces of this one (`local: {}`)",
        "ejecute iperftester en esa máquina, o limite enlaces entre espacios de red de esta (`local: {}`)",
    ),
    (
        "{who}, which needs root on this machine: this process lacks {right}",
        "{who}, lo que necesita root en esta máquina: este proceso no tiene {right}",
    ),
    ("{who}, which needs the program `{program}`: {error}", "{who}, lo que necesita el programa `{program}`: {error}"),
    (
        "its engine says that its process is {pid}, and this machine has no such process with a network of its own",
        "su motor dice que su proceso es el {pid}, y esta máquina no tiene tal proceso con una red propia",
    ),
    (
        "the engine behind that socket is in a virtual machine or on another host, or is Podman without root on version 1 of \
         control groups: shape links with root's Podman, or between namespaces (`local: {}`)",
        "el motor detrás de ese socket está en una máquina virtual o en otro equipo, o es Podman sin root con la versión 1 de \
         los grupos de control: limite enlaces con el Podman de root, o entre espacios de red (`local: {}`)",
    ),
    ("its network cannot be entered: {words}", "no se puede entrar en su red: {words}"),
];
