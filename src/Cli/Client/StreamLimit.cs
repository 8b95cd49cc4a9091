namespace TrainingCluster.Cli.Client;

/// <summary>Ends a transfer of files on which nothing has moved for five minutes: time enough for a slow disk at the other end.</summary>
internal sealed class StreamLimit : IDisposable
{
    private static readonly TimeSpan s_silence = TimeSpan.FromMinutes(5);
    private readonly CancellationTokenSource _silence;
    private readonly CancellationTokenSource _either;

    /// <summary>Begins to count.</summary>
    public StreamLimit(TimeProvider time, CancellationToken cancellationToken)
    {
        _silence = new CancellationTokenSource(s_silence, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_silence.Token, cancellationToken);
    }

    /// <summary>Cancelled by the caller, or by silence.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>True: it was silence.</summary>
    public bool IsOver => _silence.IsCancellationRequested;

    /// <summary>Something has moved.</summary>
    public void Moved() => _silence.CancelAfter(s_silence);

    /// <inheritdoc/>
    public void Dispose()
    {
        _either.Dispose();
        _silence.Dispose();
    }
}
