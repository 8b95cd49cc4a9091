using Akka.Actor;
using Akka.Dispatch;

namespace Akka.Remote;

/// <summary>
/// Which actors here watch which actors elsewhere. A watch is announced again whenever a connection is made, so that a
/// lost one loses nothing: an actor that ended meanwhile is answered for by its path, which nobody answers to.
/// </summary>
internal sealed class RemoteWatches(RemoteTransport transport)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Address, Dictionary<(InternalActorRef Watchee, InternalActorRef Watcher), Entry>> _byAddress = [];

    private sealed class Entry
    {
        /// <summary>The incarnation that was told, zero while none was.</summary>
        internal int Uid { get; set; }
    }

    internal void Add(InternalActorRef watchee, InternalActorRef watcher)
    {
        var association = transport.To(watchee.Path.Address);
        if (association.IsDead)
        {
            TellGone(watchee, watcher);
            return;
        }
        lock (_gate)
        {
            if (!_byAddress.TryGetValue(watchee.Path.Address, out var watches)) _byAddress[watchee.Path.Address] = watches = [];
            watches[(watchee, watcher)] = new Entry { Uid = association.RemoteUid };
        }
        association.SendWatch(watchee, watcher);
    }

    internal void Remove(InternalActorRef watchee, InternalActorRef watcher)
    {
        lock (_gate)
        {
            if (!_byAddress.TryGetValue(watchee.Path.Address, out var watches) || !watches.Remove((watchee, watcher))) return;
        }
        transport.To(watchee.Path.Address).SendUnwatch(watchee, watcher);
    }

    /// <summary>An actor elsewhere ended.</summary>
    internal void End(InternalActorRef watchee, InternalActorRef watcher)
    {
        lock (_gate)
        {
            if (_byAddress.TryGetValue(watchee.Path.Address, out var watches)) watches.Remove((watchee, watcher));
        }
    }

    /// <summary>A connection to an incarnation stands: those who watched another one are told, all others are announced.</summary>
    internal void Connected(Association association, int uid)
    {
        List<(InternalActorRef Watchee, InternalActorRef Watcher)> gone = [], announced = [];
        lock (_gate)
        {
            if (!_byAddress.TryGetValue(association.Address, out var watches)) return;
            foreach (var (pair, entry) in watches)
            {
                if (entry.Uid != 0 && entry.Uid != uid) gone.Add(pair);
                else announced.Add(pair);
                entry.Uid = uid;
            }
            foreach (var pair in gone) watches.Remove(pair);
        }
        foreach (var (watchee, watcher) in gone) TellGone(watchee, watcher);
        foreach (var (watchee, watcher) in announced) association.SendWatch(watchee, watcher);
    }

    /// <summary>A whole node is gone for good.</summary>
    internal void AddressTerminated(Address address, int uid)
    {
        List<(InternalActorRef Watchee, InternalActorRef Watcher)> gone = [];
        lock (_gate)
        {
            if (!_byAddress.TryGetValue(address, out var watches)) return;
            foreach (var (pair, entry) in watches)
                if (entry.Uid == 0 || entry.Uid == uid) gone.Add(pair);
            foreach (var pair in gone) watches.Remove(pair);
        }
        foreach (var (watchee, watcher) in gone) TellGone(watchee, watcher);
    }

    private static void TellGone(InternalActorRef watchee, InternalActorRef watcher) =>
        watcher.SendSystemMessage(new DeathWatchNotification(watchee, ExistenceConfirmed: false, AddressTerminated: true));
}
