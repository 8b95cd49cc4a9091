using Akka.Actor;

namespace Akka.Remote;

/// <summary>What a frame carries, its first byte.</summary>
internal enum FrameKind : byte
{
    Message = 1,
    Watch = 2,
    Unwatch = 3,
    DeathNotice = 4,
}

/// <summary>How an accepting side answers.</summary>
internal enum Greeting : byte
{
    Welcome = 1,

    /// <summary>This incarnation was declared dead and may not come back.</summary>
    Quarantined = 2,

    /// <summary>The caller meant another system or address.</summary>
    WrongAddress = 3,
}

/// <summary>The first frames of a connection: who calls whom, and who answers.</summary>
internal static class Handshake
{
    private const int Magic = 0x414B4331;

    internal static WireWriter Hello(Address from, int uid, Address to)
    {
        var w = new WireWriter();
        w.Int(Magic);
        w.String(from.ToString());
        w.Int(uid);
        w.String(to.ToString());
        return w;
    }

    internal static (Address From, int Uid, Address To) ReadHello(WireReader r)
    {
        if (r.Int() != Magic) throw new InvalidDataException("The caller does not speak this protocol.");
        return (Address.Parse(r.String()), r.Int(), Address.Parse(r.String()));
    }

    internal static WireWriter Answer(Greeting greeting, int uid)
    {
        var w = new WireWriter();
        w.Byte((byte)greeting);
        w.Int(uid);
        return w;
    }

    internal static (Greeting Greeting, int Uid) ReadAnswer(WireReader r) => ((Greeting)r.Byte(), r.Int());
}
