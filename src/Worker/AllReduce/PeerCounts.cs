namespace TrainingCluster.Worker.AllReduce;

/// <summary>Peers of a generation by the way that a worker's gradients take to them.</summary>
/// <param name="SharedMemory">They read them in its memory.</param>
/// <param name="Tcp">Over a data connection.</param>
/// <param name="Grpc">Through the stream.</param>
public readonly record struct PeerCounts(int SharedMemory, int Tcp, int Grpc);
