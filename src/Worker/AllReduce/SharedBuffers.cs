using Google.Protobuf;
using TrainingCluster.Modeling.Native;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// A worker's gradient buffers in memory that peers on this machine can read, and what this worker has mapped of theirs. Outlives
/// generations: to map a peer's memory anew costs a page fault a page.
/// </summary>
/// <remarks>One group at a time uses them; not safe for several threads at once.</remarks>
public sealed partial class SharedBuffers : IDisposable
{
    private readonly ILogger _logger;
    private readonly MemoryFile _headerFile;
    private readonly SharedHeader _header;
    private readonly List<(MemoryFile File, Memory<float> Values)> _own = [];
    private readonly List<MappedMemory> _mapped = [];
    private readonly Dictionary<ByteString, PeerMemory> _peers = [];

    private SharedBuffers(MemoryFile headerFile, ILogger logger)
    {
        (_headerFile, _logger, _header) = (headerFile, logger, new SharedHeader(headerFile.Map()));
        _header.Initialize();
        Nonce = ByteString.CopyFrom(_header.Nonce.ToByteArray());
    }

    /// <summary>Without buffers yet; null, with the reason in the log, where the system has no such memory.</summary>
    public static SharedBuffers? TryCreate(ILogger logger)
    {
        try
        {
            return new SharedBuffers(MemoryFile.Create(SharedHeader.Bytes), logger);
        }
        catch (Exception e) when (IsRefusal(e))
        {
            LogNotShared(logger, e.Message);
            return null;
        }
    }

    /// <summary>
    /// Memory for one more buffer, which <see cref="Add"/> is to be told of once it is mapped. Null: the system has none, as the log says.
    /// </summary>
    /// <param name="floats">Its length.</param>
    public MemoryFile? TryNewFile(int floats)
    {
        try
        {
            return MemoryFile.Create((long)floats * sizeof(float));
        }
        catch (Exception e) when (IsRefusal(e))
        {
            LogNotShared(_logger, e.Message);
            return null;
        }
    }

    /// <summary>One more buffer, which peers of later generations can read.</summary>
    /// <param name="file">Belongs to this object from now on.</param>
    /// <param name="values">The file as it is mapped.</param>
    public void Add(MemoryFile file, Memory<float> values) => _own.Add((file, values));

    /// <summary>A new buffer of zeros that needs no tensor; an array where the system has no memory to share.</summary>
    /// <param name="floats">Its length.</param>
    public Memory<float> NewBuffer(int floats)
    {
        if (TryNewFile(floats) is not { } file)
        {
            return new float[floats];
        }
        _mapped.Add(file.Map());
        Add(file, _mapped[^1].Memory);
        return _mapped[^1].Memory;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var peer in _peers.Values)
        {
            peer.Dispose();
        }
        foreach (var (file, _) in _own)
        {
            file.Dispose();
        }
        foreach (var mapped in _mapped)
        {
            mapped.Dispose();
        }
        _header.End();
        _header.Dispose();
        _headerFile.Dispose();
    }

    /// <summary>By which peers know this worker's memory.</summary>
    internal ByteString Nonce { get; }

    /// <summary>Shown each offer before it is sent.</summary>
    internal Action<SharedMemoryOffer>? Offering { get; set; }

    /// <summary>The number of a buffer, from 1; 0: it is none of these.</summary>
    internal int NumberOf(Memory<float> buffer) => _own.FindIndex(own => own.Values.Equals(buffer)) + 1;

    /// <summary>A generation begins to use the buffers.</summary>
    /// <returns>What its peers must know to read them.</returns>
    internal SharedMemoryOffer BeginUse()
    {
        var offer = new SharedMemoryOffer
        {
            Pid = Environment.ProcessId,
            HeaderFd = _headerFile.Descriptor,
            Nonce = Nonce,
            Use = _header.Begin(),
            Buffers = { _own.Select(own => new SharedBuffer { Fd = own.File.Descriptor, Bytes = own.File.Bytes }) },
        };
        Offering?.Invoke(offer);
        return offer;
    }

    /// <summary>The generation is over; the buffers may be written.</summary>
    internal void EndUse() => _header.End();

    /// <summary>A peer's buffers as they are offered now.</summary>
    /// <exception cref="IOException">They cannot be read here; the message says why.</exception>
    internal PeerMemory Reach(SharedMemoryOffer offer, int floats)
    {
        if (!_peers.TryGetValue(offer.Nonce, out var memory))
        {
            _peers[offer.Nonce] = memory = PeerMemory.Map(offer);
        }
        try
        {
            memory.Extend(offer, floats);
            return memory.Use == offer.Use ? memory : throw new IOException($"process {offer.Pid} has taken its offer back");
        }
        catch
        {
            _peers.Remove(offer.Nonce);
            memory.Dispose();
            throw;
        }
    }

    /// <summary>Unmaps the buffers of peers that are not in the group any more.</summary>
    internal void Keep(IReadOnlyCollection<PeerMemory> used)
    {
        foreach (var (nonce, memory) in _peers.Where(peer => !used.Contains(peer.Value)).ToList())
        {
            _peers.Remove(nonce);
            memory.Dispose();
        }
    }

    private static bool IsRefusal(Exception e) => e is IOException or EntryPointNotFoundException or DllNotFoundException;

    [LoggerMessage(
        EventId = 2103,
        Level = LogLevel.Warning,
        Message = "gradients are not in shared memory, and go to peers on this machine through gRPC too: {Reason}"
    )]
    private static partial void LogNotShared(ILogger logger, string reason);
}
