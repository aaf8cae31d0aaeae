//! Probe images: what the topology says of them, and why there is none.

use super::Pair;

pub(super) const PAIRS: &[Pair] = &[
    ("the URI of a mirror", "la URI de una réplica"),
    ("a registry `{form}`", "un registro `{form}`"),
    ("a password cannot stand in `{key}`", "una contraseña no puede estar en `{key}`"),
    (
        "change it, and let a key or ssh's agent open that door: `ssh://USER@HOST`",
        "cámbiela, y deje que una clave o el agente de ssh abra esa puerta: `ssh://USUARIO@EQUIPO`",
    ),
    ("a name and a password cannot stand in `{key}`", "un nombre y una contraseña no pueden estar en `{key}`"),
    (
        "change the password, and let `docker login` keep the new one",
        "cambie la contraseña y deje que la nueva la guarde `docker login`",
    ),
    (
        "change the password, and name a mirror that asks for none, such as one of the house",
        "cambie la contraseña e indique una réplica que no los pida, como una de la casa",
    ),
    ("cannot read `{file}`", "no se puede leer `{file}`"),
    ("cannot write `{file}`", "no se puede escribir `{file}`"),
    ("`{file}` was replaced meanwhile", "`{file}` se ha sustituido entretanto"),
    ("try once more", "inténtelo otra vez"),
    ("`{file}` is no executable of 64-bit Linux", "`{file}` no es un ejecutable de Linux de 64 bits"),
    (
        "`{file}` is dynamically linked: it needs libraries that an image may not have",
        "`{file}` está enlazado dinámicamente: necesita bibliotecas que una imagen puede no tener",
    ),
    (
        "`{file}` is for a machine that no image is made for (ELF {number})",
        "`{file}` es para una máquina para la que no se hacen imágenes (ELF {number})",
    ),
    (
        "use the executable that `make build` leaves: it is static",
        "use el ejecutable que deja `make build`: es estático",
    ),
    (
        "make room for some 100 MB where `{folder}` is, or set XDG_CACHE_HOME to another folder",
        "haga sitio para unos 100 MB donde está `{folder}`, o defina XDG_CACHE_HOME con otra carpeta",
    ),
    (
        "set XDG_CACHE_HOME to a folder that this user may write to",
        "defina XDG_CACHE_HOME con una carpeta en la que este usuario pueda escribir",
    ),
    (
        "mmdebstrap is not installed, by which the small image is made",
        "no está instalado mmdebstrap, con el que se hace la imagen pequeña",
    ),
    (
        "`apt-get install mmdebstrap`, or write `image: { base: debian }` to have an engine build it",
        "`apt-get install mmdebstrap`, o escriba `image: { base: debian }` para que la construya un motor",
    ),
    (
        "mmdebstrap is not run by root and can make no user namespace here",
        "mmdebstrap no lo ejecuta root ni puede crear aquí un espacio de nombres de usuario",
    ),
    (
        "`apt-get install uidmap`, with a range for this user in /etc/subuid and /etc/subgid, or run this through sudo",
        "`apt-get install uidmap`, con un rango para este usuario en /etc/subuid y /etc/subgid, o ejecútelo con sudo",
    ),
    ("mmdebstrap could not make the image: {words}", "mmdebstrap no pudo hacer la imagen: {words}"),
    ("it said nothing", "no dijo nada"),
    (
        "see that this machine reaches a mirror of that release, name one by `image: { mirror: URI }`, and that \
         debian-archive-keyring is installed",
        "mire que esta máquina alcance una réplica de esa versión, o indique una con `image: { mirror: URI }`, y que esté \
         instalado debian-archive-keyring",
    ),
    ("the engine cannot {action} the image", "el motor no puede {action} la imagen"),
    ("build", "construir"),
    ("export", "exportar"),
    ("find", "buscar"),
    ("load", "cargar"),
    (
        "see that the engine reaches a registry and a mirror, or write `image: { base: small }`",
        "mire que el motor alcance un registro y una réplica, o escriba `image: { base: small }`",
    ),
    ("the engine took the image {tag} and does not have it", "el motor aceptó la imagen {tag} y no la tiene"),
    (
        "the engine runs on {engine} and this iperftester is built for {executable}",
        "el motor corre sobre {engine} y este iperftester está compilado para {executable}",
    ),
    (
        "use an iperftester that is built for {machine}: `{command}`",
        "use un iperftester compilado para {machine}: `{command}`",
    ),
    (
        "no image is made for {machine}: take this host out of the topology",
        "no se hace ninguna imagen para {machine}: quite este equipo de la topología",
    ),
    ("there is no probe image, as host {host} tells", "no hay imagen de sonda, como dice el equipo {host}"),
    // RegistryError
    (
        "the engine cannot reach the registry {domain}: {words}",
        "el motor no puede llegar al registro {domain}: {words}",
    ),
    (
        "the engine does not trust the certificate of the registry {domain}: {words}",
        "el motor no se fía del certificado del registro {domain}: {words}",
    ),
    ("the registry {domain} speaks no TLS", "el registro {domain} no habla TLS"),
    (
        "the registry {domain} asks for a log-in, and this user has none",
        "el registro {domain} pide identificarse, y este usuario no está identificado",
    ),
    (
        "the registry {domain} refuses the log-in of this user: {words}",
        "el registro {domain} rechaza la identificación de este usuario: {words}",
    ),
    (
        "{reference} in the registry is another image: it does not bear the hash {hash}",
        "{reference} es otra imagen en el registro: no lleva el resumen {hash}",
    ),
    ("the registry took {reference} and does not have it", "el registro aceptó {reference} y no la tiene"),
    ("the registry {domain} does not take the image: {words}", "el registro {domain} no acepta la imagen: {words}"),
    (
        "{path} holds no log-ins that can be read: {words}",
        "{path} no contiene identificaciones que se puedan leer: {words}",
    ),
    ("line {line}, column {column}", "línea {line}, columna {column}"),
    ("the log-in at {domain}", "la identificación en {domain}"),
    ("`{program}` does not tell the log-in: {words}", "`{program}` no da la identificación: {words}"),
    ("its name is a path", "su nombre es una ruta"),
    ("it answered something else", "respondió otra cosa"),
    ("pull", "descargar"),
    ("push", "subir"),
    ("give a name to", "dar nombre a"),
    (
        "see that it runs and that this host reaches it, `{command}` there; without `registry` the image is sent to each host",
        "mire que funcione y que este equipo llegue a él, `{command}` allí; sin `registry` la imagen se envía a cada equipo",
    ),
    (
        "put the certificate of its CA at {path} on that host; no restart is needed",
        "ponga el certificado de su CA en {path} en ese equipo; no hace falta reiniciar nada",
    ),
    (
        "give it a certificate, or name {domain} in `insecure-registries` of /etc/docker/daemon.json on that host",
        "dele un certificado, o indique {domain} en `insecure-registries` de /etc/docker/daemon.json en ese equipo",
    ),
    ("`{command}` on this machine, as this user", "`{command}` en esta máquina, como este usuario"),
    (
        "`{command}` on this machine, as this user, with a name that may write at the path of `registry`",
        "`{command}` en esta máquina, como este usuario, con un nombre que pueda escribir en la ruta de `registry`",
    ),
    (
        "somebody else pushed there: remove that tag, or name another path in `registry`",
        "alguien subió otra allí: quite esa etiqueta, o indique otra ruta en `registry`",
    ),
    (
        "see that everyone behind that name is the same registry",
        "mire que todo lo que haya detrás de ese nombre sea el mismo registro",
    ),
    (
        "see its log; it may be full or only read. Without `registry` the image is sent to each host",
        "mire su registro de sucesos; puede estar lleno o ser de solo lectura. Sin `registry` la imagen se envía a cada equipo",
    ),
    (
        "cannot make a folder in `{path}`, where the image would be unpacked",
        "no se puede crear una carpeta en `{path}`, donde se desempaquetaría la imagen",
    ),
    (
        "set TMPDIR to a folder with some 200 MB of room that this user may write to",
        "ponga en TMPDIR una carpeta con unos 200 MB libres en la que este usuario pueda escribir",
    ),
    ("`docker login` writes it anew", "`docker login` lo escribe de nuevo"),
    (
        "`{command}` must work on this machine, as this user",
        "`{command}` tiene que funcionar en esta máquina, como este usuario",
    ),
];
