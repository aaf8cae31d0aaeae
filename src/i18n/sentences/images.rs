//! Probe images: what the topology says of them, and why there is none.

use super::Pair;

pub(super) const PAIRS: &[Pair] = &[
    ("the URI of a mirror", "la URI de una réplica"),
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
];
