namespace TrainingCluster.Modeling.Decoding;

/// <summary>
/// Follows a search while it runs. The searching thread calls it between two steps; a sentence is named by its place in the list of
/// sources.
/// </summary>
public interface ISearchFollower
{
    /// <summary>Whether somebody still waits for a sentence. False takes it out of the search, without an answer.</summary>
    bool Wants(int sentence);

    /// <summary>A step is done.</summary>
    /// <param name="sentence">Which sentence.</param>
    /// <param name="settled">The tokens that every answer still possible begins with: those of the step before, and what was added.</param>
    void Advance(int sentence, ReadOnlySpan<int> settled);

    /// <summary>A sentence is done.</summary>
    /// <param name="sentence">Which sentence.</param>
    /// <param name="answers">Best first; at least one, and at most as many as the beam is wide.</param>
    void Finish(int sentence, IReadOnlyList<Hypothesis> answers);
}
