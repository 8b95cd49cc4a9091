using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using TrainingCluster.Errors;

namespace TrainingCluster.Tests.Errors;

public class RpcErrorDetailsTests
{
    [Fact]
    public void Find_InvalidSpec_GivesEveryViolation()
    {
        var error = RpcErrors.InvalidSpec([new("seed", "-1", "is negative", "use 1"), new("dataset", "", "names no data", "name files")]);

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        var details = RpcErrorDetails.Find<BadRequest>(error);
        Assert.Equal(
            [("seed", "'-1' is negative; use 1"), ("dataset", "names no data; name files")],
            details!.FieldViolations.Select(v => (v.Field, v.Description))
        );
        Assert.Equal(["seed: '-1' is negative; use 1", "dataset: names no data; name files"], RpcErrorDetails.Lines(error));
    }

    [Fact]
    public void Find_NotFound_NamesTheResource()
    {
        var error = RpcErrors.NotFound("job", "x1", "list the jobs");
        Assert.Equal(
            ("job", "x1"),
            (RpcErrorDetails.Find<ResourceInfo>(error)!.ResourceType, RpcErrorDetails.Find<ResourceInfo>(error)!.ResourceName)
        );
        Assert.Null(RpcErrorDetails.Find<BadRequest>(error));
    }

    public static TheoryData<byte[]> ForeignTrailers =>
        new()
        {
            new byte[] { 0xff, 0xff },
            new Google.Rpc.Status
            {
                Details =
                {
                    new Any { TypeUrl = Any.Pack(new ErrorInfo()).TypeUrl, Value = ByteString.CopyFrom(0xff, 0xff) },
                },
            }.ToByteArray(),
        };

    [Theory]
    [MemberData(nameof(ForeignTrailers))]
    public void Find_TrailerOfAnotherForm_GivesNull(byte[] trailer)
    {
        var error = new RpcException(
            new Grpc.Core.Status(StatusCode.Internal, "x"),
            new Metadata { { Grpc.Core.MetadataExtensions.StatusDetailsTrailerName, trailer } }
        );
        Assert.Null(RpcErrorDetails.Find<ErrorInfo>(error));
        Assert.Equal(["x"], RpcErrorDetails.Lines(error));
    }

    [Fact]
    public void Info_CodeAndText_StandInTheStatusAndInItsDetails()
    {
        var error = RpcErrors.Info(StatusCode.ResourceExhausted, "DISK_FULL", "no room");
        Assert.Equal((StatusCode.ResourceExhausted, "no room"), (error.StatusCode, error.Status.Detail));
        var status = error.GetRpcStatus()!;
        Assert.Equal(((int)StatusCode.ResourceExhausted, "no room"), (status.Code, status.Message));
        Assert.Equal(("DISK_FULL", RpcErrors.Domain), (status.GetDetail<ErrorInfo>().Reason, status.GetDetail<ErrorInfo>().Domain));
    }
}
