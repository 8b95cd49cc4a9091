namespace TrainingCluster.Worker.AllReduce;

/// <summary>The frames of one step that the transport has not taken yet: until then what they send may not change.</summary>
/// <param name="send">Sends a frame to a rank.</param>
/// <param name="taken">Called when all have been taken.</param>
internal sealed class OutstandingFrames(Action<int, CollectiveFrame> send, Action taken)
{
    private int _unsent;

    public bool Any => Volatile.Read(ref _unsent) != 0;

    public void Send(int rank, CollectiveFrame frame)
    {
        Interlocked.Increment(ref _unsent);
        frame.Taken = Taken;
        send(rank, frame);
    }

    private void Taken()
    {
        if (Interlocked.Decrement(ref _unsent) == 0)
        {
            taken();
        }
    }
}
