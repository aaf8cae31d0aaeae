//! Swarms: their nodes, and the probes on them.

use super::Pair;

pub(super) const PAIRS: &[Pair] = &[
    // Shortage, Clash, and what a swarm cannot have
    (
        "probe {probe} is to be on {wanted} of the nodes of {host} and can be on {found}",
        "la sonda {probe} ha de estar en {wanted} de los nodos de {host} y puede estar en {found}",
    ),
    ("`{name}` would name both {first} and {second}", "`{name}` nombraría a la vez {first} y {second}"),
    ("probe {probe} on node {node}", "la sonda {probe} en el nodo {node}"),
    ("the probe of that name", "la sonda de ese nombre"),
    ("the site of that name", "la sede de ese nombre"),
    ("link {link} between {a} and {b}", "el enlace {link} entre {a} y {b}"),
    ("rename one of the two", "cambie el nombre de uno de los dos"),
    (
        "two nodes of swarm {host} would be called `{name}`: {a} ({id}) and {b} ({other})",
        "dos nodos del enjambre {host} se llamarían `{name}`: {a} ({id}) y {b} ({other})",
    ),
    (
        "give them different host names, or remove the one that is gone: `docker node rm ID`",
        "deles nombres de máquina distintos, o quite el que ya no está: `docker node rm ID`",
    ),
    (
        "{other} and {probe} share the ports of node {node} of swarm {host}, and their `ports` overlap",
        "{other} y {probe} comparten los puertos del nodo {node} del enjambre {host}, y sus `ports` se solapan",
    ),
    (
        "give each a range of its own, such as `ports: 5301-5320`",
        "dé a cada una un intervalo propio, como `ports: 5301-5320`",
    ),
    (
        "services of a swarm cannot be bound to CPUs (`cpu-set`)",
        "los servicios de un enjambre no pueden fijarse a unas CPU (`cpu-set`)",
    ),
    (
        "take `cpu-set` out, or make the machine a host of kind `docker`",
        "quite `cpu-set`, o haga de la máquina un equipo de tipo `docker`",
    ),
    // The topology
    ("a probe on a swarm has its node's own network", "una sonda en un enjambre tiene la red de su nodo"),
    (
        "remove `network`, or make the machine a host of kind `docker`",
        "quite `network`, o haga de la máquina un equipo de tipo `docker`",
    ),
    (
        "an endpoint `unix:///…`, `ssh://…` or `tcp+tls://…` with `{name}` or `{address}` of the node",
        "un extremo `unix:///…`, `ssh://…` o `tcp+tls://…` con `{name}` o `{address}` del nodo",
    ),
    // DockerError
    ("node {node} is {state}", "el nodo {node} está {state}"),
    ("down", "caído"),
    ("disconnected", "desconectado"),
    ("in an unknown state", "en estado desconocido"),
    (
        "see its machine and its engine; `docker node ls` at a manager shows when it is back",
        "mire su máquina y su motor; `docker node ls` en un gestor muestra cuándo ha vuelto",
    ),
    ("there is no way to the engine of node {node}", "no hay camino al motor del nodo {node}"),
    (
        "add `node-endpoint: ssh://USER@{address}` to the `swarm` host",
        "añada `node-endpoint: ssh://USUARIO@{address}` al equipo `swarm`",
    ),
    ("the engine at {endpoint} is not that of node {node}", "el motor en {endpoint} no es el del nodo {node}"),
    (
        "`{name}` in `node-endpoint` is the host name of a node, `{address}` its address in the swarm",
        "`{name}` en `node-endpoint` es el nombre de máquina de un nodo, `{address}` su dirección en el enjambre",
    ),
    ("its task is {state}", "su tarea está en el estado {state}"),
    ("its task is {state}: {words}", "su tarea está en el estado {state}: {words}"),
    (
        "its task is {state}, {seconds} s after it was asked for",
        "su tarea está en el estado {state}, {seconds} s después de pedirla",
    ),
    (
        "its task is {state}: {words}, {seconds} s after it was asked for",
        "su tarea está en el estado {state}: {words}, {seconds} s después de pedirla",
    ),
    ("its task has not ended within {seconds} s", "su tarea no ha terminado en {seconds} s"),
    ("it has no task", "no tiene tarea"),
    ("it has no task, {seconds} s after it was asked for", "no tiene tarea, {seconds} s después de pedirla"),
    (
        "name the engine of a manager: `docker node ls` there shows the nodes",
        "indique el motor de un gestor: `docker node ls` muestra allí los nodos",
    ),
    (
        "the node may not take work: `docker node ls` at a manager shows its availability",
        "puede que el nodo no admita trabajo: `docker node ls` en un gestor muestra su disponibilidad",
    ),
    ("cannot ask {subject} on host {host}", "no se puede preguntar a {subject} en el equipo {host}"),
    ("the swarm {host}", "el enjambre {host}"),
    ("service", "un servicio"),
];
