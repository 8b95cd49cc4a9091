namespace Grpc.Core;

/// <summary>How a message is written.</summary>
[Flags]
public enum WriteFlags
{
    /// <summary>More follows soon: the message may wait in a buffer.</summary>
    BufferHint = 0x1,

    /// <summary>Not compressed, whatever the call's encoding.</summary>
    NoCompress = 0x2,
}

/// <summary>Flags of a write.</summary>
public class WriteOptions(WriteFlags flags = default)
{
    public static readonly WriteOptions Default = new();

    public WriteFlags Flags { get; } = flags;
}
