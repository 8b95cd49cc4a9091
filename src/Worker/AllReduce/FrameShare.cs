namespace TrainingCluster.Worker.AllReduce;

/// <summary>A received payload that several slices use: it is given back when the last of them needs it no longer.</summary>
internal sealed class FrameShare(FrameBuffer buffer, int users) : IDisposable
{
    private int _users = users;

    public void Dispose()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            buffer.Dispose();
        }
    }
}
