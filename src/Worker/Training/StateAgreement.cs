using Google.Protobuf;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Sharding;

namespace TrainingCluster.Worker.Training;

/// <summary>Before members train on, they tell one another what they hold, and end the generation if it is not the same.</summary>
internal static class StateAgreement
{
    /// <summary>What this worker holds.</summary>
    /// <param name="job">The job.</param>
    /// <param name="plan">The generation, which says whose shares of the optimizer's state are compared.</param>
    public static MemberState Of(TrainingJob job, ProcessGroup plan)
    {
        var (steps, evaluations) = job.State.Fingerprints(withMoments: !job.ShardsOptimizer);
        var held = new MemberState
        {
            EvaluationDue = job.EvaluationIsDue,
            StepsSha256 = ByteString.CopyFrom(steps),
            EvaluationsSha256 = ByteString.CopyFrom(evaluations),
        };
        if (job.ShardsOptimizer)
        {
            var layout = ShareLayout.Of(job.State.Moments.Length, plan);
            held.Shares.AddRange(
                layout
                    .SharesOf(plan.OwnRank)
                    .Select(share => new ShareDigest
                    {
                        Share = share,
                        Sha256 = ByteString.CopyFrom(job.State.FingerprintOfMoments(layout.Range(share))),
                    })
            );
        }
        return held;
    }

    /// <summary>
    /// Ends the group where members do not hold the same state. A generation that broke off during an evaluation leaves some with it
    /// and some without: then what evaluations change is compared among those of one kind only.
    /// </summary>
    /// <exception cref="CollectiveException">They do not.</exception>
    public static void Check(CollectiveGroup group, MemberState[] all)
    {
        var plan = group.Plan;
        var own = all[plan.OwnRank];
        string[] different = [.. plan.Peers.Where(rank => !Agree(own, all[rank])).Select(rank => plan.Members[rank].WorkerId)];
        if (different.Length > 0)
        {
            group.Detector.Fail(
                CollectiveError.Diverged,
                $"{plan.Own.WorkerId} and {string.Join(", ", different)} do not hold the same state at step {plan.BaseStep} of the same "
                    + "plan."
            );
            group.Detector.ThrowIfFailed();
        }
    }

    private static bool Agree(MemberState own, MemberState other) =>
        own.StepsSha256 == other.StepsSha256
        && own.Shares.All(share => other.Shares.All(also => also.Share != share.Share || also.Sha256 == share.Sha256))
        && (own.EvaluationDue != other.EvaluationDue || own.EvaluationsSha256 == other.EvaluationsSha256);
}
